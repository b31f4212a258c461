{{/* 32 characters, because the names of services (30 at most) follow, and a Service's name has 63. */}}
{{- define "slipway.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 32 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 32 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 32 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Quoted, because names such as 2024 are numbers to YAML. */}}
{{- define "slipway.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride | trunc 63 | trimSuffix "-" | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- with .service }}
slipway.dev/service: {{ . | quote }}
{{- end }}
{{- end -}}

{{/*
Labels of an object: of (dict "root" $ "component" ... "service" ... "more" ...). Merged, because a key that is there twice is refused: what
selects goes before what is told of the chart, and both before what values say.
*/}}
{{- define "slipway.labels" -}}
{{- $chart := printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" -}}
{{- $own := dict "helm.sh/chart" $chart "app.kubernetes.io/version" .root.Chart.AppVersion "app.kubernetes.io/managed-by" .root.Release.Service "app.kubernetes.io/part-of" "slipway" -}}
{{- merge (include "slipway.selector" . | fromYaml) $own (default dict .more) .root.Values.commonLabels | toYaml -}}
{{- end -}}

{{/* Labels of a pod. No version of the chart among them: they would restart every pod with every chart. */}}
{{- define "slipway.podLabels" -}}
{{- $own := dict "app.kubernetes.io/part-of" "slipway" -}}
{{- merge (include "slipway.selector" . | fromYaml) $own (default dict .more) .root.Values.commonLabels | toYaml -}}
{{- end -}}

{{- define "slipway.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository (default .Chart.AppVersion $image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "slipway.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "slipway.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "slipway.authSecret" -}}
{{- default (printf "%s-auth" (include "slipway.fullname" .)) .Values.auth.existingSecret -}}
{{- end -}}

{{- define "slipway.mongoSecret" -}}
{{- default (printf "%s-mongo" (include "slipway.fullname" .)) .Values.mongo.existingSecret -}}
{{- end -}}

{{/* Where the control plane finds how it gets into NATS. */}}
{{- define "slipway.natsSecret" -}}
{{- $given := ternary .Values.nats.passwordSecret .Values.nats.existingSecret (eq (include "slipway.ownsNats" .) "true") -}}
{{- default (printf "%s-nats" (include "slipway.fullname" .)) $given -}}
{{- end -}}

{{/* "true" when the store is MongoDB or PostgreSQL, and not the volume. */}}
{{- define "slipway.usesDatabase" -}}
{{- if or .Values.mongo.url .Values.mongo.existingSecret .Values.postgres.url .Values.postgres.existingSecret }}true{{ end -}}
{{- end -}}

{{/* "true" when the store is PostgreSQL. */}}
{{- define "slipway.usesPostgres" -}}
{{- if or .Values.postgres.url .Values.postgres.existingSecret }}true{{ end -}}
{{- end -}}

{{- define "slipway.postgresSecret" -}}
{{- default (printf "%s-postgres" (include "slipway.fullname" .)) .Values.postgres.existingSecret -}}
{{- end -}}

{{/* "true" when the chart has a nats-server of its own. */}}
{{- define "slipway.ownsNats" -}}
{{- if and .Values.nats.enabled (not .Values.nats.url) (not .Values.nats.existingSecret) }}true{{ end -}}
{{- end -}}
