"""Looking characters up gives the ids that the library gives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scripts_of_the_world import TEXTS
from textgen.config.tokens import EOS_ID
from textgen.tokenization.encoding import LibraryEncoding
from textgen.tokenization.tokenizer import Tokenizer

LEARNED = {
    kind: Tokenizer.train(kind, TEXTS.values(), normal_form="none") for kind in ("char", "byte")
}


@pytest.mark.parametrize("kind", LEARNED)
@given(text=st.text(max_size=40) | st.sampled_from(sorted(TEXTS.values())))
def test_a_table_gives_the_ids_of_the_library(kind: str, text: str) -> None:
    tokenizer = LEARNED[kind]
    text = tokenizer.clean(text)
    (wanted,) = LibraryEncoding(tokenizer._library, shift=0).encode_batch([text])
    (found,) = tokenizer.encode_batch([text])
    np.testing.assert_array_equal(found, wanted)
    assert found.dtype == np.int32
    assert EOS_ID not in found
