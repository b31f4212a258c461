{{/* The variable that a user's password reaches nats-server by. */}}
{{- define "slipway.natsVariable" -}}
PASSWORD_{{ . | upper | replace "-" "_" }}
{{- end -}}

{{/*
The accounts and users of the chart's own nats-server.

A broker answers to any reply subject that a request names, and does not ask whether the requester may publish there. So
permissions alone hold nobody: a pull with the reply subject `$JS.API.STREAM.DELETE.SLIPWAY_OUT` deletes the stream. Accounts
do hold: an answer that leaves the account of the streams arrives in the account of the requester, where each subject leads
no further than that account's own imports. Therefore the streams have an account without users, and each user has an account
whose imports are exactly its rights:

- A service publishes the answers to its own tasks. It makes, reads and acknowledges its own consumers on SLIPWAY_OUT, and
  receives the cancellations of its tasks.
- The control plane makes both streams and its consumer, and publishes events. It cannot delete or purge a stream either.

Users reach the JetStream API as that of the domain `slipway`, because the server itself answers `$JS.API` in each account.
The permissions repeat the imports, so that the server refuses a mistake aloud.
*/}}
{{- define "slipway.natsConfig" -}}
{{- $services := (include "slipway.services" . | fromJson).items -}}
server_name: {{ include "slipway.fullname" . }}-nats
listen: "{{ .Values.listenHost }}:4222"
http: "{{ .Values.listenHost }}:8222"
jetstream {
  store_dir: /data
}
accounts {
  STREAMS: {
    jetstream: enabled
    exports: [
      {service: "slipway.>"}
      {service: "sh.keptn.event.>"}
      {service: "$JS.API.STREAM.>"}
      {service: "$JS.API.CONSUMER.INFO.>"}
      {service: "$JS.API.CONSUMER.CREATE.>"}
      {service: "$JS.API.CONSUMER.MSG.NEXT.>", response_type: stream}
      {service: "$JS.ACK.>"}
    ]
  }
  {{- $api := list }}
  {{- range $stream := list "SLIPWAY_IN" "SLIPWAY_OUT" }}
  {{- range $verb := list "INFO" "CREATE" "UPDATE" }}
  {{- $api = append $api (printf "STREAM.%s.%s" $verb $stream) }}
  {{- end }}
  {{- end }}
  {{- range $verb := list "INFO" "CREATE" "MSG.NEXT" }}
  {{- $api = append $api (printf "CONSUMER.%s.SLIPWAY_IN.slipway-control-plane" $verb) }}
  {{- end }}
  CONTROL_PLANE: {
    exports: [
      {service: "slipway-hello"}
      {stream: "slipway.*.*.cancelled"}
      {stream: "sh.keptn.event.*.cancelled"}
    ]
    {{- include "slipway.natsUser" (dict
      "user" "control-plane"
      "api" $api
      "publish" (list "slipway.*.>" "sh.keptn.event.>" "$JS.ACK.SLIPWAY_IN.slipway-control-plane.>")
      "ownSubjects" (list "slipway-hello")
      "inbox" "_INBOX"
    ) | nindent 4 }}
  }
  {{- range $service := $services }}
  {{- if eq $service.connect "nats" }}
  {{- $api := list }}
  {{- $publish := list }}
  {{- $subscribe := list }}
  {{- range $task := $service.tasks }}
  {{- range $dialect, $prefix := dict "plain" "slipway.*" "keptn" "sh.keptn.event" }}
  {{- range $answer := list "started" "finished" "status.changed" }}
  {{- $publish = append $publish (printf "%s.%s.%s" $prefix $task $answer) }}
  {{- end }}
  {{- $consumer := printf "SLIPWAY_OUT.%s_%s_%s" $service.name $task $dialect }}
  {{- $publish = append $publish (printf "$JS.ACK.%s.>" $consumer) }}
  {{- $api = append $api (printf "CONSUMER.INFO.%s" $consumer) }}
  {{- $api = append $api (printf "CONSUMER.CREATE.%s.%s.%s.triggered" $consumer $prefix $task) }}
  {{- $api = append $api (printf "CONSUMER.MSG.NEXT.%s" $consumer) }}
  {{- $subscribe = append $subscribe (printf "%s.%s.cancelled" $prefix $task) }}
  {{- end }}
  {{- end }}
  SERVICE_{{ $service.name }}: {
    {{- include "slipway.natsUser" (dict
      "user" $service.name
      "api" $api
      "publish" $publish
      "subscribe" $subscribe
      "hello" "slipway-hello"
      "inbox" (printf "_INBOX_%s" $service.name)
    ) | nindent 4 }}
  }
  {{- end }}
  {{- end }}
}
{{- with .Values.nats.config }}
{{ . }}
{{- end }}
{{ end -}}

{{/*
Imports and the one user of an account. Of (dict "user" ... "api" (what it asks of the JetStream API) "publish" (into the
streams) "subscribe" (to the control plane) "hello" (where it says that it is there) "ownSubjects" (heard in its own account) "inbox" ...)
*/}}
{{- define "slipway.natsUser" -}}
imports: [
  {{- range .publish }}
  {service: {account: STREAMS, subject: {{ quote . }}}}
  {{- end }}
  {{- range .api }}
  {service: {account: STREAMS, subject: "$JS.API.{{ . }}"}, to: "{{ include "slipway.natsApi" $ }}.{{ . }}"}
  {{- end }}
  {{- with .hello }}
  {service: {account: CONTROL_PLANE, subject: {{ quote . }}}}
  {{- end }}
  {{- range .subscribe }}
  {stream: {account: CONTROL_PLANE, subject: {{ quote . }}}}
  {{- end }}
]
users: [
  {
    user: {{ quote .user }}
    password: ${{ include "slipway.natsVariable" .user }}
    permissions: {
      publish: [
        {{- range .publish }}
        {{ quote . }}
        {{- end }}
        {{- range .api }}
        "{{ include "slipway.natsApi" $ }}.{{ . }}"
        {{- end }}
        {{- with .hello }}
        {{ quote . }}
        {{- end }}
      ]
      subscribe: [
        "{{ .inbox }}.>"
        {{- range concat (default list .subscribe) (default list .ownSubjects) }}
        {{ quote . }}
        {{- end }}
      ]
    }
  }
]
{{- end -}}

{{/* The JetStream domain of the chart's own server, for its users. */}}
{{- define "slipway.natsDomain" -}}
slipway
{{- end -}}

{{- define "slipway.natsApi" -}}
$JS.{{ include "slipway.natsDomain" . }}.API
{{- end -}}

{{/* What the server takes from Secrets of the chart, to notice a change. */}}
{{- define "slipway.natsPasswords" -}}
{{- $secrets := include "slipway.secrets" . | fromJson -}}
{{- $passwords := list (index $secrets.nats "nats-password") -}}
{{- range $name, $secret := $secrets.services }}{{ $passwords = append $passwords (index $secret "nats-password") }}{{ end -}}
{{- $passwords | compact | toJson -}}
{{- end -}}
