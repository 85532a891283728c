"""Labels of generated audio: the field in the file, the rhythm or sentence that is heard, a watermark that is not."""
