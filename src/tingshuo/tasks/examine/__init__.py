"""What is wrong with a model here: versions, graphs, features, hardware, each finding with its remedy."""
