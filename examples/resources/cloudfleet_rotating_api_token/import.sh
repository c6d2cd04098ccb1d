# The ID of the current token, a comma, and that of the previous one.
terraform import cloudfleet_rotating_api_token.github_actions 2iKo4Asy51EUx2gpJFW76t,4vJ7qkEeP3xM9bYwRzT2nA

# Only the current token: the next rotation creates the other.
terraform import cloudfleet_rotating_api_token.github_actions 2iKo4Asy51EUx2gpJFW76t
