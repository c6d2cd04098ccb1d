# Runs were killed, and have left ephemeral tokens behind:
#   terraform apply -invoke=action.cloudfleet_sweep_ephemeral_api_tokens.all
action "cloudfleet_sweep_ephemeral_api_tokens" "all" {
  config {}
}
