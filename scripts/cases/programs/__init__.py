"""Programs that use the package as people do; each tells what came of its calls."""
