"""What a server is beneath its doors: opened voices, the queue, threads, finished audio, who may ask for what. No torch."""
