{{/* What is the same in every pod of the release. */}}
{{- define "slipway.podCommon" -}}
serviceAccountName: {{ include "slipway.serviceAccountName" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- end -}}

{{/* The keys of a Secret that a NATS client needs as files, for `volumes`; empty when there are none. */}}
{{- define "slipway.natsFileItems" -}}
{{- with .Values.nats.credsKey }}
- {key: {{ . | quote }}, path: nats.creds}
{{- end }}
{{- with .Values.nats.caKey }}
- {key: {{ . | quote }}, path: ca.crt}
{{- end }}
{{- end -}}

{{/* How a client connects to NATS. Of (dict "root" $ "user" ... "secret" ... "urlKey" ...) */}}
{{- define "slipway.natsEnv" -}}
{{- if include "slipway.ownsNats" .root -}}
- name: NATS_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ .secret }}, key: nats-password}}
- name: SLIPWAY_NATS
  value: nats://{{ .user }}:$(NATS_PASSWORD)@{{ include "slipway.fullname" .root }}-nats:4222
- name: SLIPWAY_NATS_DOMAIN
  value: {{ include "slipway.natsDomain" .root }}
{{- else -}}
- name: SLIPWAY_NATS
  valueFrom: {secretKeyRef: {name: {{ .secret }}, key: {{ .urlKey }}}}
{{- if .root.Values.nats.credsKey }}
- name: SLIPWAY_NATS_CREDS
  value: /etc/slipway-nats/nats.creds
{{- end }}
{{- if .root.Values.nats.caKey }}
- name: SLIPWAY_NATS_CA
  value: /etc/slipway-nats/ca.crt
{{- end }}
{{- end -}}
{{- end -}}

{{/* The control plane's pod, in a StatefulSet or a Deployment. */}}
{{- define "slipway.controlPlanePod" -}}
{{- $fullname := include "slipway.fullname" . -}}
{{- $selector := include "slipway.selector" (dict "root" . "component" "control-plane") -}}
{{- $natsFiles := and .Values.nats.enabled (include "slipway.natsFileItems" .) -}}
metadata:
  labels:
    {{- include "slipway.podLabels" (dict "root" . "component" "control-plane" "more" .Values.podLabels) | nindent 4 }}
  {{- $annotations := dict -}}
  {{- if not .Values.auth.existingSecret }}{{ $_ := set $annotations "checksum/tokens" (include "slipway.tokenFile" . | sha256sum) }}{{ end -}}
  {{- with .Values.mongo.url }}{{ $_ := set $annotations "checksum/mongo" (sha256sum .) }}{{ end -}}
  {{- with .Values.postgres.url }}{{ $_ := set $annotations "checksum/postgres" (sha256sum .) }}{{ end -}}
  {{- with (include "slipway.secrets" . | fromJson).nats }}{{ $_ := set $annotations "checksum/nats" (toJson . | sha256sum) }}{{ end -}}
  {{- with merge (deepCopy .Values.podAnnotations) $annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- include "slipway.podCommon" . | nindent 2 }}
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if or .Values.topologySpreadConstraints (gt (int .Values.replicas) 1) }}
  topologySpreadConstraints:
    {{- range .Values.topologySpreadConstraints | default (list (dict "maxSkew" 1 "topologyKey" "kubernetes.io/hostname" "whenUnsatisfiable" "ScheduleAnyway")) }}
    - {{- merge (deepCopy .) (dict "labelSelector" (dict "matchLabels" (fromYaml $selector))) | toYaml | nindent 6 }}
    {{- end }}
  {{- end }}
  {{- with .Values.extraInitContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: slipway
      image: {{ include "slipway.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args:
        - serve
        {{- with .Values.extraArgs }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      env:
        - name: SLIPWAY_LISTEN
          value: {{ printf "%s:8484" .Values.listenHost | quote }}
        - name: SLIPWAY_DATA
          value: /data
        - name: SLIPWAY_TOKEN_FILE
          value: /etc/slipway/tokens
        - name: SLIPWAY_LOG_LEVEL
          value: {{ .Values.logLevel }}
        {{- if include "slipway.hasPush" . }}
        # Services that are pushed to have private addresses in a cluster.
        - name: SLIPWAY_PUSH_PRIVATE
          value: "true"
        {{- end }}
        {{- if include "slipway.usesPostgres" . }}
        - name: SLIPWAY_POSTGRES
          valueFrom: {secretKeyRef: {name: {{ include "slipway.postgresSecret" . }}, key: url}}
        {{- else if include "slipway.usesDatabase" . }}
        - name: SLIPWAY_MONGO
          valueFrom: {secretKeyRef: {name: {{ include "slipway.mongoSecret" . }}, key: url}}
        {{- end }}
        {{- if .Values.keptn.compat }}
        - name: SLIPWAY_KEPTN_LISTEN
          value: {{ printf "%s:8080" .Values.listenHost | quote }}
        {{- end }}
        {{- if .Values.nats.enabled }}
        {{- include "slipway.natsEnv" (dict "root" . "user" "control-plane" "secret" (include "slipway.natsSecret" .) "urlKey" "url") | nindent 8 }}
        {{- end }}
        {{- with .Values.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with .Values.extraEnvFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        - name: http
          containerPort: 8484
        {{- if .Values.keptn.compat }}
        - name: keptn
          containerPort: 8080
        {{- end }}
      startupProbe:
        httpGet: {path: /livez, port: http}
        {{- toYaml .Values.probes.startup | nindent 8 }}
      livenessProbe:
        httpGet: {path: /livez, port: http}
        {{- toYaml .Values.probes.liveness | nindent 8 }}
      readinessProbe:
        httpGet: {path: /readyz, port: http}
        {{- toYaml .Values.probes.readiness | nindent 8 }}
      lifecycle:
        # Until the cluster no longer sends anybody here.
        preStop: {sleep: {seconds: 5}}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      securityContext:
        {{- toYaml .Values.containerSecurityContext | nindent 8 }}
      volumeMounts:
        - {name: data, mountPath: /data}
        - {name: tmp, mountPath: /tmp}
        - {name: tokens, mountPath: /etc/slipway, readOnly: true}
        {{- if $natsFiles }}
        - {name: nats, mountPath: /etc/slipway-nats, readOnly: true}
        {{- end }}
        {{- with .Values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    {{- with .Values.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    - name: data
      {{- if or (include "slipway.usesDatabase" .) (not .Values.persistence.enabled) }}
      emptyDir: {}
      {{- else }}
      persistentVolumeClaim:
        claimName: {{ .Values.persistence.existingClaim | default (printf "%s-data" $fullname) }}
      {{- end }}
    - name: tmp
      emptyDir: {}
    - name: tokens
      secret:
        secretName: {{ include "slipway.authSecret" . }}
        defaultMode: 0440
        items:
          - {key: tokens, path: tokens}
    {{- if $natsFiles }}
    - name: nats
      secret:
        secretName: {{ include "slipway.natsSecret" . }}
        defaultMode: 0440
        items:
          {{- include "slipway.natsFileItems" . | nindent 10 }}
    {{- end }}
    {{- with .Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{- define "slipway.hasPush" -}}
{{- range .Values.services }}{{ if eq (default "claim" .connect) "push" }}true{{ end }}{{ end -}}
{{- end -}}
