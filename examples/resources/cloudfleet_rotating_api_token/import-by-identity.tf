import {
  to = cloudfleet_rotating_api_token.github_actions
  identity = {
    id          = "2iKo4Asy51EUx2gpJFW76t"
    previous_id = "4vJ7qkEeP3xM9bYwRzT2nA"
  }
}
