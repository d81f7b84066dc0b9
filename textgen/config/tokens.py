"""Token ids that are the same in every vocabulary."""

EOS_ID = 0  # of `<eos>`, which begins and ends every document
