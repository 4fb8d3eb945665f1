"""Training of Precordia's 12-lead ECG network: raw PTB-XL folder in, checked ONNX artefacts out.

Read in this order:
  data.py       PTB-XL folds as integer arrays, the 59 labels, likelihoods, age and sex
  augment.py    what the clinic does to an ECG, on batches of eight independent leads
  beats.py      where the beats are, their mean, their intervals
  network.py    the network: mean beat and single beats through residual CNNs, self-attention over them
  families.py   residual CNN, CNN-LSTM and hybrid under one short, equal budget
  beat_teacher.py      a network of the mean beat alone that teaches the one that ships
  sequence_teacher.py  a network of single beats that teaches it too
  train.py      one seeded, resumable training run of the network that ships
  graph.py      batch normalisation folded, the ONNX graph written node by node
  quantise.py   static int8 (U8S8) and weight-only int8
  evaluate.py   AUC, calibration, operating points, intervals; running an artefact
  known.py      invented inputs for the known-answer tests
  package.py    writes artefacts, head, known answers and manifest.json
  measure.py    everything the card states, measured on fold 9
  card.py       the model card from the measured numbers
  pipeline.py   the one command
  check.py      manifest and artefacts against each other, without data
"""
