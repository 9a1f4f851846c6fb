"""Weekly ingredient forecasts for meal-kit factories."""

__version__ = "0.1.0"
