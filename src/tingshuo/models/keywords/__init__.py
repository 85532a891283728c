"""A net of depthwise-separable convolutions that tells a few words apart."""
