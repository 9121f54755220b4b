{{/* The node of a detector, built in or of an image: dict detector, type. */}}
{{- define "detector.node" -}}
{{- $builtIn := dict "mahalanobis" "MAHALANOBIS_DETECTOR" "isolationforest" "ISOLATION_FOREST_DETECTOR" "zscore" "ROBUST_ZSCORE_DETECTOR" "iqr" "IQR_DETECTOR" }}
{{- $detector := .detector }}
name: {{ $detector.name }}
type: {{ .type }}
{{- if not $detector.image }}
{{- if not (hasKey $builtIn $detector.type) }}
{{- fail (printf "type is %q: without an image, write %s" $detector.type (keys $builtIn | sortAlpha | join ", ")) }}
{{- end }}
implementation: {{ get $builtIn $detector.type }}
{{- end }}
parameters:
  {{- range $name, $value := get $detector $detector.type | default dict }}
  {{- if ne (toString $value) "" }}
  - { name: {{ $name }}, type: {{ get $detector.parameterTypes $name | default "STRING" }}, value: {{ $value | toString | quote }} }
  {{- end }}
  {{- end }}
  {{- with $detector.action }}
  {{- if not $detector.image }}
  - { name: action, type: STRING, value: {{ . }} }
  {{- end }}
  {{- end }}
{{- end }}
