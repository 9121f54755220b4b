{{- define "espalier.namespace" -}}
{{ .Values.namespaceOverride | default .Release.Namespace }}
{{- end }}

{{/* Those that v1's manager has, so that what selects it still does. */}}
{{- define "espalier.selector" -}}
app: seldon
app.kubernetes.io/instance: seldon1
app.kubernetes.io/name: seldon
app.kubernetes.io/version: v0.5
control-plane: seldon-controller-manager
{{- end }}

{{- define "espalier.labels" -}}
app: seldon
app.kubernetes.io/name: seldon
app.kubernetes.io/instance: seldon1
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "espalier.image" -}}
{{ printf "%s/%s:%s" .image.registry .image.repository (.image.tag | default .root.Chart.AppVersion) }}
{{- end }}

{{/* Whether the webhook is served, and whether the chart makes what leads to it. */}}
{{- define "espalier.webhook" -}}
{{- if or .Values.webhook.enabled .Values.managerCreateResources }}true{{ end }}
{{- end }}
{{- define "espalier.webhookObjects" -}}
{{- if and .Values.webhook.enabled (not .Values.managerCreateResources) }}true{{ end }}
{{- end }}

{{- define "espalier.webhookName" -}}
seldon-validating-webhook-configuration-{{ include "espalier.namespace" . }}
{{- end }}

{{/* What may be done to objects that belong to deployments: of an ingress that is off they only go. */}}
{{- define "espalier.owned" -}}
- apiGroups: [{{ .group | quote }}]
  resources: {{ .resources | toJson }}
  verbs: [get, list, watch, delete{{ if .on }}, create, patch, update{{ end }}]
{{- end }}

{{- define "espalier.managerRules" -}}
- apiGroups: [machinelearning.seldon.io]
  resources: [seldondeployments]
  verbs: [get, list, watch]
- apiGroups: [machinelearning.seldon.io]
  resources: [seldondeployments/status]
  verbs: [patch]
# Owner references that block deletion need it, where the API server enforces so.
- apiGroups: [machinelearning.seldon.io]
  resources: [seldondeployments/finalizers]
  verbs: [update]
{{ include "espalier.owned" (dict "group" "apps" "resources" (list "deployments") "on" true) }}
{{ include "espalier.owned" (dict "group" "" "resources" (list "services") "on" true) }}
{{ include "espalier.owned" (dict "group" "autoscaling" "resources" (list "horizontalpodautoscalers") "on" true) }}
{{ include "espalier.owned" (dict "group" "policy" "resources" (list "poddisruptionbudgets") "on" true) }}
{{ include "espalier.owned" (dict "group" "keda.sh" "resources" (list "scaledobjects") "on" .Values.keda.enabled) }}
{{ include "espalier.owned" (dict "group" "networking.istio.io" "resources" (list "virtualservices" "destinationrules") "on" .Values.istio.enabled) }}
{{ include "espalier.owned" (dict "group" "getambassador.io" "resources" (list "mappings" "tlscontexts") "on" .Values.ambassador.enabled) }}
{{ include "espalier.owned" (dict "group" "gateway.networking.k8s.io" "resources" (list "httproutes" "grpcroutes") "on" .Values.gatewayApi.enabled) }}
# Pods that serve on until those of a Deployment with another selector are ready.
- apiGroups: [apps]
  resources: [replicasets]
  verbs: [get, list, patch, delete]
- apiGroups: [""]
  resources: [events]
  verbs: [create, patch]
{{- if not .Values.singleNamespace }}
- apiGroups: [""]
  resources: [namespaces]
  verbs: [list, watch]
{{- end }}
{{- end }}

{{/* How models reach their stores. */}}
{{- define "espalier.sasRules" -}}
- apiGroups: [""]
  resources: [serviceaccounts, secrets]
  verbs: [get]
{{- end }}

{{/* A role with its binding: dict root, kind, name, rules. */}}
{{- define "espalier.role" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}
metadata:
  name: {{ .name }}
  {{- if eq .kind "Role" }}
  namespace: {{ include "espalier.namespace" .root }}
  {{- end }}
  labels: {{- include "espalier.labels" .root | nindent 4 }}
rules: {{- .rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}Binding
metadata:
  name: {{ .name }}
  {{- if eq .kind "Role" }}
  namespace: {{ include "espalier.namespace" .root }}
  {{- end }}
  labels: {{- include "espalier.labels" .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .kind }}
  name: {{ .name }}
subjects:
  - kind: ServiceAccount
    name: {{ .root.Values.serviceAccount.name }}
    namespace: {{ include "espalier.namespace" .root }}
{{- end }}
