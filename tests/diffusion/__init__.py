from stages.diffusion import foreign as foreign  # makes the libraries ready and quiet before anything else imports them
