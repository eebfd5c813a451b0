"""Rules of the Sigma project as detections: read by pySigma, written in our own language.

documents (YAML files) ► rules (pySigma) ► conditions, values, fields, logsources ► block ►
detection (the file) ► importing (checked and compiled, or refused with the reason). pySigma is an
optional extra and known here only. Reference: Sigma specification 2.1 (sigmahq.io).
"""
