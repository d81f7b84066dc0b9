"""`textgen corpora`: the recipes that come with textgen."""

import json

import click


@click.command(short_help="List the corpus recipes.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def corpora(as_json: bool) -> None:
    """List the corpus recipes, whose names 'train' and 'prepare' take as CORPUS."""
    from textgen.corpus.recipes import load_recipe, recipe_folder, recipe_names

    recipes = [load_recipe(recipe_folder() / f"{name}.toml") for name in recipe_names()]
    if as_json:
        keys = ("name", "description", "licence", "path", "verified", "settings")
        click.echo(json.dumps([{key: getattr(recipe, key) for key in keys} for recipe in recipes]))
        return
    width = max(len(recipe.name) for recipe in recipes)
    for recipe in recipes:
        unread = "" if recipe.verified else "; never fetched by its makers"
        told = f"{recipe.description} (licence: {recipe.licence}{unread})"
        click.echo(f"{recipe.name:<{width}}  {told}")
