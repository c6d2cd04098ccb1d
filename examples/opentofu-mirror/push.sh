#!/usr/bin/env bash
# Pushes a release of the provider to a container registry, where OpenTofu installs it
# from. Run it in the folder with the release's zips, after `oras login`.
#
#   push.sh REGISTRY/opentofu-providers/cloudfleet/cloudfleet VERSION [OPTION OF ORAS...]
set -euo pipefail

repository=$1
version=${2#v}
shift 2

manifests=()
for zip in terraform-provider-cloudfleet_"${version}"_*_*.zip; do
	platform=${zip#terraform-provider-cloudfleet_"${version}"_}
	platform=${platform%.zip}
	manifests+=("$(oras push "$@" --no-tty --format go-template='{{.digest}}' \
		--artifact-type application/vnd.opentofu.provider-target \
		--artifact-platform "${platform/_//}" \
		"$repository" "$zip:archive/zip")")
done
oras manifest index create "$@" \
	--artifact-type application/vnd.opentofu.provider \
	"$repository:$version" "${manifests[@]}"
