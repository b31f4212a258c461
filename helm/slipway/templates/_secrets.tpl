{{/* What the Secret has under the key already, or something new. Of (dict "root" $ "secret" ... "key" ...) */}}
{{- define "slipway.kept" -}}
{{- $found := lookup "v1" "Secret" .root.Release.Namespace .secret | default dict -}}
{{- $data := $found.data | default dict -}}
{{- if hasKey $data .key -}}
{{- index $data .key | b64dec -}}
{{- else -}}
{{- /* A letter first: a NATS configuration takes a value that begins with a digit for a number. */ -}}
{{- printf "s%s" (randAlphaNum 47) -}}
{{- end -}}
{{- end -}}

{{/*
Every generated secret, as JSON. They are made once for a rendering: two templates that ask get the same.
*/}}
{{- define "slipway.secrets" -}}
{{- $root := . -}}
{{- if not (hasKey .Values "_secrets") -}}
{{- $fullname := include "slipway.fullname" . -}}
{{- $services := (include "slipway.services" . | fromJson).items -}}
{{- $auth := dict -}}
{{- if not .Values.auth.existingSecret -}}
{{- range $key := list "admin-token" "metrics-token" -}}
{{- $_ := set $auth $key (include "slipway.kept" (dict "root" $root "secret" (printf "%s-auth" $fullname) "key" $key)) -}}
{{- end -}}
{{- end -}}
{{- $own := dict -}}
{{- range $service := $services -}}
{{- if not $service.existingSecret -}}
{{- $secret := dict "token" (include "slipway.kept" (dict "root" $root "secret" $service.secret "key" "token")) -}}
{{- if and (eq $service.connect "nats") (include "slipway.ownsNats" $root) -}}
{{- $_ := set $secret "nats-password" (include "slipway.kept" (dict "root" $root "secret" $service.secret "key" "nats-password")) -}}
{{- end -}}
{{- $_ := set $own $service.name $secret -}}
{{- end -}}
{{- end -}}
{{- $nats := dict -}}
{{- if and (include "slipway.ownsNats" .) (not .Values.nats.passwordSecret) -}}
{{- $_ := set $nats "nats-password" (include "slipway.kept" (dict "root" $root "secret" (printf "%s-nats" $fullname) "key" "nats-password")) -}}
{{- else if and .Values.nats.enabled .Values.nats.url -}}
{{- $_ := set $nats "url" .Values.nats.url -}}
{{- end -}}
{{- $_ := set .Values "_secrets" (dict "auth" $auth "services" $own "nats" $nats) -}}
{{- end -}}
{{- .Values._secrets | toJson -}}
{{- end -}}

{{/* The control plane's token file. It holds hashes alone. */}}
{{- define "slipway.tokenFile" -}}
{{- $secrets := include "slipway.secrets" . | fromJson -}}
{{- $services := (include "slipway.services" . | fromJson).items -}}
admin * sha256:{{ index $secrets.auth "admin-token" | sha256sum }}
metrics metrics:read sha256:{{ index $secrets.auth "metrics-token" | sha256sum }}
{{- range $service := $services }}
{{- $hash := $service.tokenSha256 | default "" }}
{{- if not $service.existingSecret }}{{ $hash = (index $secrets.services $service.name).token | sha256sum }}{{ end }}
service.{{ $service.name }} {{ $service.permissions | join "," }} sha256:{{ $hash }}
{{- end }}
{{- range .Values.auth.extraTokens }}
{{ . }}
{{- end }}
{{ end -}}
