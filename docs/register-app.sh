#!/usr/bin/env bash
# Register an app for aad_assets with the Azure CLI, and print the settings to put into .env.
#
#   docs/register-app.sh secret                                      app-only, with a client secret
#   docs/register-app.sh certificate client.pem                      app-only, with a certificate (client.pem: certificate and key)
#   docs/register-app.sh federation ISSUER SUBJECT                   app-only, with tokens of Kubernetes or CI
#   docs/register-app.sh managed-identity OBJECT_ID                  no app: grants the permissions to a managed identity
#   docs/register-app.sh delegated [REDIRECT_URL]                    a person signs in: aad-assets login
#   docs/register-app.sh device-code                                 a person signs in, on a machine without a browser
#
# Run `az login` first, as somebody who may register apps and grant consent for the tenant (Privileged Role Administrator). The
# permissions are those of the entities that are on, according to `aad-assets check --permissions`. To include entities that are
# off by default, turn them on in the connection metadata first. Set NAME to name the app, and AAD_ASSETS to the path of the
# command.
set -euo pipefail

way=${1:-}
name=${NAME:-aad_assets}
command=${AAD_ASSETS:-.venv/bin/aad-assets}
graph=00000003-0000-0000-c000-000000000000

usage() {
	sed -n '4,9s/^# *//p' "$0" >&2
	exit 2
}

# Print the ids of the permissions, one per line. $1: appRoles or oauth2PermissionScopes.
ids_of() {
	local permission id known
	known=$(az ad sp show --id "$graph" --query "$1[].join(' ', [value, id])" --output tsv)
	for permission in $permissions; do
		id=$(awk -v wanted="$permission" '$1 == wanted { print $2 }' <<<"$known")
		if [ -n "$id" ]; then echo "$id"; else echo "$permission was left out because Graph does not have it in this cloud." >&2; fi
	done
}

# Add the permissions to the app and consent. $1: as in ids_of; $2: az's abbreviation for it.
grant() {
	local id
	ids_of "$1" | while read -r id; do
		az ad app permission add --id "$app" --api "$graph" --api-permissions "$id=$2" --only-show-errors
	done
	for _ in 1 2 3 4 5 6; do # a new app takes a while to be known everywhere
		if az ad app permission admin-consent --id "$app"; then return; fi
		sleep 10
	done
	echo "The permissions were added, but not consented to. Grant admin consent on the app's API permissions page." >&2
}

register() {
	app=$(az ad app create --display-name "$name" --sign-in-audience AzureADMyOrg --query appId --output tsv "$@")
	az ad sp create --id "$app" --output none
}

settings() {
	echo "AAD_TENANT_ID=$(az account show --query tenantId --output tsv)"
	[ -z "${app:-}" ] || echo "AAD_CLIENT_ID=$app"
	printf '%s\n' "$@"
}

new_secret() {
	az ad app credential reset --id "$app" --append --display-name aad_assets --query password --output tsv --only-show-errors
}

case $way in
secret | certificate | federation | managed-identity) permissions=$("$command" check --permissions) ;;
delegated | device-code) permissions=$(AAD_AUTH=delegated "$command" check --permissions) ;;
*) usage ;;
esac

case $way in
secret)
	register
	grant appRoles Role
	settings "AAD_CLIENT_SECRET=$(new_secret)"
	;;
certificate)
	[ $# -eq 2 ] || usage
	register
	grant appRoles Role
	public=$(mktemp)
	trap 'rm -f "$public"' EXIT
	openssl x509 -in "$2" -out "$public"
	az ad app credential reset --id "$app" --append --cert "@$public" --output none --only-show-errors
	settings "AAD_CLIENT_CERTIFICATE_PATH=$2"
	;;
federation)
	[ $# -eq 3 ] || usage
	register
	grant appRoles Role
	az ad app federated-credential create --id "$app" --output none --parameters \
		"{\"name\": \"aad_assets\", \"issuer\": \"$2\", \"subject\": \"$3\", \"audiences\": [\"api://AzureADTokenExchange\"]}"
	settings "AAD_FEDERATED_TOKEN_FILE=/path/of/the/token"
	;;
managed-identity)
	[ $# -eq 2 ] || usage
	resource=$(az ad sp show --id "$graph" --query id --output tsv)
	host=$(az cloud show --query endpoints.microsoftGraphResourceId --output tsv) # in the cloud that az is signed in to
	ids_of appRoles | while read -r id; do
		az rest --method POST --url "${host%/}/v1.0/servicePrincipals/$2/appRoleAssignments" --output none \
			--body "{\"principalId\": \"$2\", \"resourceId\": \"$resource\", \"appRoleId\": \"$id\"}"
	done
	settings "AAD_MANAGED_IDENTITY=system # or the client ID of a user-assigned identity"
	;;
delegated)
	permissions="$permissions User.Read offline_access"
	register --web-redirect-uris "${2:-http://localhost}"
	grant oauth2PermissionScopes Scope
	settings "AAD_AUTH=delegated" "AAD_REDIRECT_URL=${2:-http://localhost}" "AAD_CLIENT_SECRET=$(new_secret)"
	;;
device-code)
	permissions="$permissions User.Read offline_access"
	register --is-fallback-public-client true --public-client-redirect-uris http://localhost
	grant oauth2PermissionScopes Scope
	settings "AAD_AUTH=delegated"
	;;
esac
