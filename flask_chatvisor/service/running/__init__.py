"""How the service is run: on its own, or inside an application."""
