import {
  to = cloudfleet_registry_image.nginx
  id = "12345678-6651-4e5d-9c04-079f6532989b.europe.registry.cloudfleet.dev/mirror/nginx:1.29"
}
