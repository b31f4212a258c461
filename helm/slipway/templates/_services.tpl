{{/* What the services of the image answer, and what they ask the control plane beside their work. */}}
{{- define "slipway.builtIn" -}}
evaluate:
  tasks: [evaluate, evaluation]
  # Files and baselines; and to ask a provider of indicators by a run of its own, which it may abort.
  asks: ["evaluations:read", "resources:read", "projects:read", "events:write", "runs:read", "runs:control"]
checknumber: {tasks: [checknumber]}
photo-authenticity: {tasks: [extract-metadata, geolookup, author-search]}
{{- end -}}

{{/*
The entries of `services` with everything that was left out, as `{"items": [...]}`. What does not go together is refused
here: the schema sees one entry at a time.
*/}}
{{- define "slipway.services" -}}
{{- $root := . -}}
{{- $builtIn := include "slipway.builtIn" . | fromYaml -}}
{{- $items := list -}}
{{- $seen := dict -}}
{{- range $index, $one := .Values.services -}}
{{- $at := printf "services[%d] (%s)" $index $one.name -}}
{{- if hasKey $seen $one.name }}{{ fail (printf "%s: the name is used before" $at) }}{{ end -}}
{{- $_ := set $seen $one.name true -}}
{{- $connect := default "claim" $one.connect -}}
{{- $isOfImage := not (or $one.image $one.command $one.args) -}}
{{- if and $isOfImage (not (hasKey $builtIn $one.name)) }}{{ fail (printf "%s: the image has no service of this name, only %s; name an `image`, or `args`" $at (keys $builtIn | sortAlpha | join ", ")) }}{{ end -}}
{{- if and (eq $connect "nats") (not $root.Values.nats.enabled) }}{{ fail (printf "%s: connect: nats needs nats.enabled: true" $at) }}{{ end -}}
{{- if and (eq $connect "nats") (not (include "slipway.ownsNats" $root)) (not $one.existingSecret) }}{{ fail (printf "%s: with an external NATS it needs an existingSecret with the key nats-url, so that it has a user of its own there" $at) }}{{ end -}}
{{- if and $root.Values.auth.existingSecret (not $one.existingSecret) }}{{ fail (printf "%s: with auth.existingSecret it needs an existingSecret as well, with a token of that token file" $at) }}{{ end -}}
{{- if and $one.existingSecret (not $root.Values.auth.existingSecret) (not $one.tokenSha256) }}{{ fail (printf "%s: with an existingSecret the generated token file needs tokenSha256 (printf %%s TOKEN | sha256sum)" $at) }}{{ end -}}
{{- $own := ternary (get $builtIn $one.name) dict $isOfImage -}}
{{- $permissions := get (dict "claim" (list "tasks:claim" "events:write") "push" (list "subscriptions:write" "events:write") "nats" (list "services:read")) $connect -}}
{{- $item := dict
  "connect" $connect
  "tasks" (default (list $one.name) $own.tasks)
  "replicas" 1
  "port" 8080
  "resources" $root.Values.serviceDefaults.resources
  "terminationGracePeriodSeconds" $root.Values.serviceDefaults.terminationGracePeriodSeconds
-}}
{{- if $isOfImage }}{{ $_ := set $item "args" (list "service" $one.name) }}{{ end -}}
{{- $item = merge (deepCopy $one) $item -}}
{{- /* `merge` takes a zero for nothing. */ -}}
{{- range $key := list "replicas" "terminationGracePeriodSeconds" }}{{ if hasKey $one $key }}{{ $_ := set $item $key (index $one $key) }}{{ end }}{{ end -}}
{{- /* What a service asks for comes on top: without those of its way it could not work. */ -}}
{{- $_ := set $item "permissions" (concat $permissions (default list $own.asks) (default list $one.permissions) | uniq) -}}
{{- $_ := set $item "fullname" (printf "%s-%s" (include "slipway.fullname" $root) $one.name) -}}
{{- $_ := set $item "secret" (default $item.fullname $one.existingSecret) -}}
{{- $items = append $items $item -}}
{{- end -}}
{{- dict "items" $items | toJson -}}
{{- end -}}
