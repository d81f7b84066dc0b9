"""What MkDocs does to the pages while it builds the site."""

import re
from typing import Any

# A link out of docs/, to a file of the repository.
OUTWARDS = re.compile(r"\[([^\]]*)\]\((?:\.\./)+((?:textgen|scripts|tests)/[\w./-]*|[A-Z]+\.md)\)")


def on_page_markdown(markdown: str, config: Any, **_: Any) -> str:
    """Lead links out of the pages to the repository, or drop them if its address is unknown."""
    address = config.extra.get("repository")
    to = rf"[\1]({address.rstrip('/')}/blob/main/\2)" if address else r"\1"
    return OUTWARDS.sub(to, markdown)
