# The reference of the copy, by a tag of it or by its digest.
terraform import cloudfleet_registry_image.nginx 12345678-6651-4e5d-9c04-079f6532989b.europe.registry.cloudfleet.dev/mirror/nginx:1.29
