"""The arguments of `agecam models` and its commands."""

from agecam.cli.parser import Parser, margin, model_name


def models(arguments: list[str]) -> int:
    """Parse the arguments and run the command; returns the exit code."""
    if arguments[:1] == ["add"]:
        return _models_add(arguments[1:])
    if arguments[:1] == ["remove"]:
        return _models_remove(arguments[1:])
    Parser(
        prog="agecam models",
        usage="agecam models\n       agecam models add FILE...\n       agecam models remove NAME",
        description="List the installed models: size, accuracy, licence and date. To install another model or remove "
        "one, see agecam models add --help and agecam models remove --help.",
    ).parse_args(arguments)
    from agecam.commands.models import run_models

    return run_models()


def _models_add(arguments: list[str]) -> int:
    parser = Parser(
        prog="agecam models add",
        description="Install weights: either the VGG-Face networks for age and gender (age_model_weights.h5 and "
        "gender_model_weights.h5, as published or as written by training.vgg_face.transfer) or those of the DEX study "
        "for Caffe (age.prototxt, dex_chalearn_iccv2015.caffemodel, gender.prototxt, gender.caffemodel), together or "
        "one task after the other, or a model's NAME.weights.h5 in the same folder as its NAME.json. The weights are "
        "checked and copied to your data folder.",
        epilog="An address is downloaded because you name it, and an interrupted download is resumed; nothing else is "
        "ever downloaded. A user and password in the address are sent to that server only.",
    )
    parser.add_argument("files", metavar="FILE", nargs="+", help="path, or address starting with http:// or https://")
    parser.add_argument("--name", type=model_name, help="name of the model (vgg-face; from Caffe: dex)")
    parser.add_argument(
        "--margin",
        type=margin,
        help="margin around the face that the weights were trained with, as a share of the face box on every side "
        "(0.4, as in the IMDB-WIKI archives and in the study)",
    )
    options = parser.parse_args(arguments)
    from agecam.commands.models_add import run_models_add

    return run_models_add(options.files, options.name, options.margin)


def _models_remove(arguments: list[str]) -> int:
    parser = Parser(
        prog="agecam models remove",
        description="Remove a model from your data folder: its card, weights and ONNX file, and a weights file that "
        "waits for the second one. The built-in model cannot be removed. If the window used the model, it uses the "
        "built-in one from then on.",
    )
    parser.add_argument("name", metavar="NAME", help="name of the model, as listed by agecam models")
    options = parser.parse_args(arguments)
    from agecam.commands.models_remove import run_models_remove

    return run_models_remove(options.name)
