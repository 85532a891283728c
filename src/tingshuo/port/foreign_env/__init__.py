"""Programs that run in environments of their own (`tingshuo.port.environments`); they import nothing of Tingshuo."""
