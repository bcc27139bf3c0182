"""The published recipe: new heads on the frozen convolutions of VGG-Face."""
