"""The routes for agents and for everybody."""
