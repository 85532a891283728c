"""Speech of one person becomes that of another: from content vectors and pitch to samples."""
