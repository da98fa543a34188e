"""Pictures of models: their boxes and arrows, where these go, and how they are drawn."""
