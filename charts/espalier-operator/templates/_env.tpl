{{- define "espalier.env" -}}
{{- $executor := .Values.executor }}
- name: POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
{{- $variables := list
  (list "CONTROLLER_ID" .Values.controllerId)
  (list "AMBASSADOR_ENABLED" .Values.ambassador.enabled)
  (list "AMBASSADOR_VERSION" .Values.ambassador.version)
  (list "AMBASSADOR_SINGLE_NAMESPACE" .Values.ambassador.singleNamespace)
  (list "ISTIO_ENABLED" .Values.istio.enabled)
  (list "ISTIO_GATEWAY" .Values.istio.gateway)
  (list "ISTIO_TLS_MODE" .Values.istio.tlsMode)
  (list "ESPALIER_GATEWAY_API_ENABLED" .Values.gatewayApi.enabled)
  (list "ESPALIER_GATEWAY" .Values.gatewayApi.gateway)
  (list "KEDA_ENABLED" .Values.keda.enabled)
  (list "DEFAULT_USER_ID" .Values.defaultUserID)
  (list "DEPLOYMENT_NAME_AS_PREFIX" .Values.manager.deploymentNameAsPrefix)
  (list "EXECUTOR_CONTAINER_IMAGE_AND_VERSION" (include "espalier.image" (dict "image" $executor.image "root" .)))
  (list "EXECUTOR_CONTAINER_IMAGE_PULL_POLICY" $executor.image.pullPolicy)
  (list "EXECUTOR_CONTAINER_USER" $executor.user)
  (list "EXECUTOR_CONTAINER_SERVICE_ACCOUNT_NAME" $executor.serviceAccount.name)
  (list "EXECUTOR_SERVER_PORT" $executor.port)
  (list "EXECUTOR_SERVER_METRICS_PORT_NAME" $executor.metricsPortName)
  (list "EXECUTOR_PROMETHEUS_PATH" $executor.prometheus.path)
  (list "EXECUTOR_FULL_HEALTH_CHECKS" $executor.fullHealthChecks)
  (list "EXECUTOR_DEFAULT_CPU_REQUEST" $executor.resources.cpuRequest)
  (list "EXECUTOR_DEFAULT_CPU_LIMIT" $executor.resources.cpuLimit)
  (list "EXECUTOR_DEFAULT_MEMORY_REQUEST" $executor.resources.memoryRequest)
  (list "EXECUTOR_DEFAULT_MEMORY_LIMIT" $executor.resources.memoryLimit)
  (list "EXECUTOR_REQUEST_LOGGER_DEFAULT_ENDPOINT" $executor.requestLogger.defaultEndpoint)
  (list "EXECUTOR_REQUEST_LOGGER_WORK_QUEUE_SIZE" $executor.requestLogger.workQueueSize)
  (list "EXECUTOR_REQUEST_LOGGER_WRITE_TIMEOUT_MS" $executor.requestLogger.writeTimeoutMs)
  (list "PREDICTIVE_UNIT_HTTP_SERVICE_PORT" .Values.predictiveUnit.httpPort)
  (list "PREDICTIVE_UNIT_GRPC_SERVICE_PORT" .Values.predictiveUnit.grpcPort)
  (list "PREDICTIVE_UNIT_METRICS_PORT_NAME" .Values.predictiveUnit.metricsPortName)
  (list "PREDICTIVE_UNIT_DEFAULT_ENV_SECRET_REF_NAME" .Values.predictiveUnit.defaultEnvSecretRefName)
  (list "ESPALIER_WEBHOOK_ENABLED" (eq (include "espalier.webhook" .) "true"))
  (list "ESPALIER_WORKERS" .Values.manager.workers)
  (list "ESPALIER_ROLL_ENGINES" .Values.manager.rollEngines)
}}
{{- if and .Values.certManager.enabled (include "espalier.webhook" .) }}
{{- $variables = append $variables (list "ESPALIER_WEBHOOK_CERTIFICATE_FOLDER" "/tmp/k8s-webhook-server/serving-certs") }}
{{- end }}
{{- range $variables }}
{{- $value := index . 1 }}
{{- /* Helm reads whole numbers of values files as floats. */}}
- name: {{ index . 0 }}
  value: {{ (kindIs "float64" $value | ternary (int64 (kindIs "float64" $value | ternary $value 0)) $value) | toString | quote }}
{{- end }}
{{- with .Values.manager.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}
