import {
  to = cloudfleet_api_token.github_actions
  identity = {
    id = "2iKo4Asy51EUx2gpJFW76t"
  }
}
