"""Requests as jobs, behind one façade. Knows neither doors nor stages."""
