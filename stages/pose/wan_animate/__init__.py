"""Wan 2.2 Animate: a portrait moved along a skeleton and a face track, or put into a video in somebody's place.

This package's name imports nothing heavy; its module `perform` needs torch and diffusers.
"""
