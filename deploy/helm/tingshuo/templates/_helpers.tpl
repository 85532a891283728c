{{/* Names and labels that all files share. */}}

{{- define "tingshuo.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 53 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "tingshuo.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "tingshuo.labels" -}}
{{ include "tingshuo.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* The Secret with the file of keys; empty where the server is open to everybody. */}}
{{- define "tingshuo.keys" -}}
{{- if .Values.keys.existingSecret -}}
{{- .Values.keys.existingSecret -}}
{{- else if .Values.keys.content -}}
{{- printf "%s-keys" (include "tingshuo.fullname" .) -}}
{{- else if not .Values.keys.allowOpen -}}
{{- fail "give the server keys: keys.existingSecret, or --set-file keys.content=server.json; or say keys.allowOpen=true, and everybody who reaches it may use it" -}}
{{- end -}}
{{- end -}}
