"""Mel to wave as KAN-TTS does it: a HiFi-GAN that upsamples twice and adds, causal or not, with or without a harmonic source."""
