# Deletes ephemeral tokens that killed runs have left behind:
#   terraform apply -invoke=action.cloudfleet_sweep_ephemeral_api_tokens.all
action "cloudfleet_sweep_ephemeral_api_tokens" "all" {
  config {}
}
