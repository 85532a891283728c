"""Text to words with pinyin: normalisation, markup, sentences, pronunciation, phone symbols."""
