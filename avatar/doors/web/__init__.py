"""The page: a chat with an avatar and a studio for films, in the browser. Knows the job service and no stage."""
