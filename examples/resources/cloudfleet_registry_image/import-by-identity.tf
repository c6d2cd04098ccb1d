import {
  to = cloudfleet_registry_image.nginx
  identity = {
    reference = "12345678-6651-4e5d-9c04-079f6532989b.europe.registry.cloudfleet.dev/mirror/nginx@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  }
}
