import {
  to = cloudfleet_api_token.github_actions
  id = "2iKo4Asy51EUx2gpJFW76t"
}
