"""All of this room is Keras's."""

from tests.extras import need

need("train")
