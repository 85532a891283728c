"""Words to one vector of what they mean."""
