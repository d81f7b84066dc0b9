"""Every setting and its default, as frozen dataclasses that check themselves."""
