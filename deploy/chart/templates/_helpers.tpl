{{- define "tonnage.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "tonnage.fullname" -}}
{{- $name := include "tonnage.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "tonnage.selector" -}}
app.kubernetes.io/name: {{ include "tonnage.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- /* The check's pods go by another name, or the service would lead to them. */ -}}
{{- define "tonnage.checkSelector" -}}
app.kubernetes.io/name: {{ include "tonnage.name" . }}-check
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "tonnage.labels" -}}
{{ include "tonnage.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "tonnage.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "tonnage.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "tonnage.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository (default $.Chart.AppVersion .tag) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* What is scanned: one of the two, and a chart that names none or both is not rendered. */ -}}
{{- define "tonnage.place" -}}
{{- if and .Values.place .Values.registry.claim -}}
{{- fail "place and registry.claim are two storages: name one of them" -}}
{{- else if .Values.registry.claim -}}
{{- printf "/var/lib/registry/%s" .Values.registry.path | trimSuffix "/" -}}
{{- else -}}
{{- required "name what is scanned: place=s3://bucket, or registry.claim=the claim of the registry's volume" .Values.place -}}
{{- end -}}
{{- end -}}

{{- /* The claim that the inventory is on; none where it is gone with the pod. */ -}}
{{- define "tonnage.inventoryClaim" -}}
{{- if .Values.inventory.claim -}}
{{- .Values.inventory.claim -}}
{{- else if and .Values.inventory.persistent (not .Values.registry.claim) -}}
{{- include "tonnage.fullname" . -}}
{{- end -}}
{{- end -}}

{{- /* The pod's rights; beside the registry's own volume without a group that Kubernetes would give to its files. */ -}}
{{- define "tonnage.podSecurityContext" -}}
{{- if .Values.registry.claim -}}
{{- omit .Values.podSecurityContext "fsGroup" "fsGroupChangePolicy" | toYaml -}}
{{- else -}}
{{- toYaml .Values.podSecurityContext -}}
{{- end -}}
{{- end -}}

{{- /* Mounts and volumes, the same wherever tonnage runs. */ -}}
{{- define "tonnage.mounts" -}}
- name: inventory
  mountPath: /var/lib/tonnage
{{- if .Values.registry.claim }}
- name: registry
  mountPath: /var/lib/registry
  readOnly: true
{{- end }}
{{- if .Values.configSecret }}
- name: config
  mountPath: /etc/tonnage
  readOnly: true
{{- end }}
{{- end -}}

{{- /* A list of the chart, and the claim of the inventory or nothing. */ -}}
{{- define "tonnage.volumes" -}}
{{- $ := index . 0 -}}
- name: inventory
  {{- with index . 1 }}
  persistentVolumeClaim:
    claimName: {{ . }}
  {{- else }}
  emptyDir: {}
  {{- end }}
{{- with $.Values.registry.claim }}
- name: registry
  persistentVolumeClaim:
    claimName: {{ . }}
{{- end }}
{{- with $.Values.configSecret }}
- name: config
  secret:
    secretName: {{ . }}
{{- end }}
{{- end -}}

{{- /* Where a pod may run. */ -}}
{{- define "tonnage.nodes" -}}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- /* What a container has besides its command: a list of the chart, name and arguments. */ -}}
{{- define "tonnage.container" -}}
{{- $ := index . 0 -}}
- name: {{ index . 1 }}
  image: {{ include "tonnage.image" $ }}
  imagePullPolicy: {{ $.Values.image.pullPolicy }}
  args:
    {{- range index . 2 }}
    - {{ . | quote }}
    {{- end }}
  {{- with $.Values.env }}
  env:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $.Values.credentialsSecret }}
  envFrom:
    - secretRef:
        name: {{ . }}
  {{- end }}
  resources:
    {{- toYaml $.Values.resources | nindent 4 }}
  securityContext:
    {{- toYaml $.Values.securityContext | nindent 4 }}
  volumeMounts:
    {{- include "tonnage.mounts" $ | nindent 4 }}
{{- end -}}
