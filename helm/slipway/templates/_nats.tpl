{{/* The variable that a user's password reaches nats-server by. */}}
{{- define "slipway.natsVariable" -}}
PASSWORD_{{ . | upper | replace "-" "_" }}
{{- end -}}

{{/*
Who may say what on the chart's own nats-server.

A service publishes the answers to its own tasks, and what its own consumers on SLIPWAY_OUT need: to be made for its own
triggers, to be asked, to be acknowledged. It hears its inbox and the cancellation of its tasks. It can neither answer for
somebody else, nor read what others get, nor touch a stream.

The control plane makes both streams and its consumer, publishes every event, and cannot remove or empty a stream either.
*/}}
{{- define "slipway.natsConfig" -}}
{{- $services := (include "slipway.services" . | fromJson).items -}}
server_name: {{ include "slipway.fullname" . }}-nats
listen: "{{ .Values.listenHost }}:4222"
http: "{{ .Values.listenHost }}:8222"
jetstream {
  store_dir: /data
}
authorization {
  users: [
    {
      user: control-plane
      password: ${{ include "slipway.natsVariable" "control-plane" }}
      permissions: {
        publish: [
          "slipway.*.>"
          "sh.keptn.event.>"
          {{- range $stream := list "SLIPWAY_IN" "SLIPWAY_OUT" }}
          {{- range $verb := list "INFO" "CREATE" "UPDATE" }}
          "$JS.API.STREAM.{{ $verb }}.{{ $stream }}"
          {{- end }}
          {{- end }}
          "$JS.API.CONSUMER.INFO.SLIPWAY_IN.slipway-control-plane"
          "$JS.API.CONSUMER.CREATE.SLIPWAY_IN.slipway-control-plane"
          "$JS.API.CONSUMER.MSG.NEXT.SLIPWAY_IN.slipway-control-plane"
          "$JS.ACK.SLIPWAY_IN.slipway-control-plane.>"
        ]
        subscribe: ["_INBOX.>", "slipway-hello"]
      }
    }
    {{- range $service := $services }}
    {{- if eq $service.connect "nats" }}
    {
      user: {{ $service.name | quote }}
      password: ${{ include "slipway.natsVariable" $service.name }}
      permissions: {
        publish: [
          "slipway-hello"
          {{- range $task := $service.tasks }}
          {{- range $answer := list "started" "finished" "status.changed" }}
          "slipway.*.{{ $task }}.{{ $answer }}"
          "sh.keptn.event.{{ $task }}.{{ $answer }}"
          {{- end }}
          {{- range $dialect, $prefix := dict "plain" "slipway.*" "keptn" "sh.keptn.event" }}
          {{- $consumer := printf "SLIPWAY_OUT.%s_%s_%s" $service.name $task $dialect }}
          "$JS.API.CONSUMER.INFO.{{ $consumer }}"
          "$JS.API.CONSUMER.CREATE.{{ $consumer }}.{{ $prefix }}.{{ $task }}.triggered"
          "$JS.API.CONSUMER.MSG.NEXT.{{ $consumer }}"
          "$JS.ACK.{{ $consumer }}.>"
          {{- end }}
          {{- end }}
        ]
        subscribe: [
          "_INBOX_{{ $service.name }}.>"
          {{- range $task := $service.tasks }}
          "slipway.*.{{ $task }}.cancelled"
          "sh.keptn.event.{{ $task }}.cancelled"
          {{- end }}
        ]
      }
    }
    {{- end }}
    {{- end }}
  ]
}
{{- with .Values.nats.config }}
{{ . }}
{{- end }}
{{ end -}}

{{/* What the server takes from Secrets of the chart, to notice a change. */}}
{{- define "slipway.natsPasswords" -}}
{{- $secrets := include "slipway.secrets" . | fromJson -}}
{{- $passwords := list (index $secrets.nats "nats-password") -}}
{{- range $name, $secret := $secrets.services }}{{ $passwords = append $passwords (index $secret "nats-password") }}{{ end -}}
{{- $passwords | compact | toJson -}}
{{- end -}}
