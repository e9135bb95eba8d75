"""Tests of sound, text and video in and out."""
