"""Make models from recordings, or smaller models from larger ones. Needs the ``train`` extra."""
