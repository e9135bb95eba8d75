"""What drives a neural pose backend: a person's points through time, and how they fit the portrait.

Knows no network. The points are the 134 of `animate_anyone.skeleton`: body, feet, face, left and right hand.
"""
