"""Contains all the data models used in inputs/outputs"""

from .ability_read import AbilityRead
from .account import Account
from .activity import Activity
from .actor import Actor
from .add_dataset_files_body import AddDatasetFilesBody
from .add_dataset_files_body_format import AddDatasetFilesBodyFormat
from .add_dataset_format import AddDatasetFormat
from .alive import Alive
from .artifact import Artifact
from .artifact_list import ArtifactList
from .auc import Auc
from .auc_part import AucPart
from .audit_entry_read import AuditEntryRead
from .audit_page import AuditPage
from .audit_read import AuditRead
from .audit_read_status import AuditReadStatus
from .bad_row_problem import BadRowProblem
from .best_epoch import BestEpoch
from .calibration import Calibration
from .categorical import Categorical
from .cohort_mastery_read import CohortMasteryRead
from .cohort_page import CohortPage
from .cohort_read import CohortRead
from .cohort_skill import CohortSkill
from .cold_start import ColdStart
from .common_setting import CommonSetting
from .compare_experiments_format import CompareExperimentsFormat
from .compared_criterion import ComparedCriterion
from .compared_experiment import ComparedExperiment
from .compared_experiment_kind import ComparedExperimentKind
from .compared_metric import ComparedMetric
from .compared_metric_form import ComparedMetricForm
from .compared_metric_goal import ComparedMetricGoal
from .compared_scale import ComparedScale
from .compared_setting import ComparedSetting
from .compared_value import ComparedValue
from .compared_value_verdict_type_0 import ComparedValueVerdictType0
from .comparison_curve import ComparisonCurve
from .comparison_curve_goal import ComparisonCurveGoal
from .comparison_finding import ComparisonFinding
from .comparison_finding_severity import ComparisonFindingSeverity
from .comparison_read import ComparisonRead
from .comparison_section import ComparisonSection
from .config import Config
from .context import Context
from .context_activities import ContextActivities
from .counts import Counts
from .cross_validation_create import CrossValidationCreate
from .cross_validation_create_device import CrossValidationCreateDevice
from .cross_validation_page import CrossValidationPage
from .cross_validation_read import CrossValidationRead
from .cross_validation_read_status import CrossValidationReadStatus
from .cross_validation_summary import CrossValidationSummary
from .cross_validation_summary_status import CrossValidationSummaryStatus
from .dataset_page import DatasetPage
from .dataset_read import DatasetRead
from .distributions import Distributions
from .environment import Environment
from .epoch_list import EpochList
from .epoch_read import EpochRead
from .erasure_create import ErasureCreate
from .erasure_page import ErasurePage
from .erasure_read import ErasureRead
from .erasure_read_origin import ErasureReadOrigin
from .erasure_read_status import ErasureReadStatus
from .evaluate_experiment_files_body import EvaluateExperimentFilesBody
from .evaluate_experiment_files_body_format import EvaluateExperimentFilesBodyFormat
from .evaluate_experiment_files_body_protocol import EvaluateExperimentFilesBodyProtocol
from .evaluate_experiment_format import EvaluateExperimentFormat
from .evaluate_experiment_protocol import EvaluateExperimentProtocol
from .evaluation_read import EvaluationRead
from .evaluation_read_protocol import EvaluationReadProtocol
from .experiment_create import ExperimentCreate
from .experiment_create_device import ExperimentCreateDevice
from .experiment_page import ExperimentPage
from .experiment_read import ExperimentRead
from .experiment_read_status import ExperimentReadStatus
from .experiment_summary import ExperimentSummary
from .experiment_summary_status import ExperimentSummaryStatus
from .exported_answer import ExportedAnswer
from .exported_interaction import ExportedInteraction
from .exported_prediction import ExportedPrediction
from .exported_predictions import ExportedPredictions
from .exported_sequence import ExportedSequence
from .exported_skill import ExportedSkill
from .exported_state import ExportedState
from .field_problem import FieldProblem
from .finding_evidence import FindingEvidence
from .finding_read import FindingRead
from .finding_read_status import FindingReadStatus
from .float_range import FloatRange
from .get_pareto_format import GetParetoFormat
from .get_pareto_x import GetParetoX
from .get_pareto_y import GetParetoY
from .get_sweep_pareto_format import GetSweepParetoFormat
from .get_sweep_pareto_x import GetSweepParetoX
from .get_sweep_pareto_y import GetSweepParetoY
from .grid_search import GridSearch
from .grid_space import GridSpace
from .group_mastery import GroupMastery
from .histogram import Histogram
from .history_auc import HistoryAuc
from .hypothetical import Hypothetical
from .int_range import IntRange
from .interaction_create import InteractionCreate
from .interaction_line import InteractionLine
from .interactions_accepted import InteractionsAccepted
from .interactions_loaded import InteractionsLoaded
from .interactions_loaded_scoring import InteractionsLoadedScoring
from .item_status import ItemStatus
from .item_status_status import ItemStatusStatus
from .judged_value import JudgedValue
from .left_out import LeftOut
from .level import Level
from .links import Links
from .list_experiments_status import ListExperimentsStatus
from .list_models_status import ListModelsStatus
from .list_sweeps_status import ListSweepsStatus
from .load_interactions_scoring import LoadInteractionsScoring
from .mastery_history_read import MasteryHistoryRead
from .mastery_read import MasteryRead
from .members import Members
from .metrics import Metrics
from .model_page import ModelPage
from .model_read import ModelRead
from .model_read_status import ModelReadStatus
from .model_reference import ModelReference
from .object_ import Object
from .objective import Objective
from .objective_direction_type_0 import ObjectiveDirectionType0
from .optuna_search import OptunaSearch
from .optuna_search_sampler import OptunaSearchSampler
from .optuna_space import OptunaSpace
from .package_versions import PackageVersions
from .pareto_axis import ParetoAxis
from .pareto_axis_direction import ParetoAxisDirection
from .pareto_point import ParetoPoint
from .pareto_read import ParetoRead
from .part import Part
from .part_name import PartName
from .predictions_create import PredictionsCreate
from .predictions_read import PredictionsRead
from .preset_list import PresetList
from .preset_read import PresetRead
from .problem import Problem
from .problem_kind import ProblemKind
from .pruner import Pruner
from .pruner_name import PrunerName
from .ready import Ready
from .recommend_skills_by import RecommendSkillsBy
from .recommendation import Recommendation
from .recommendations_read import RecommendationsRead
from .recommendations_read_by import RecommendationsReadBy
from .record_interactions_mastery import RecordInteractionsMastery
from .reliability import Reliability
from .reliability_bin import ReliabilityBin
from .report_read import ReportRead
from .report_read_protocol import ReportReadProtocol
from .result import Result
from .retention_create import RetentionCreate
from .retention_read import RetentionRead
from .run_error import RunError
from .scale_comparison import ScaleComparison
from .settings import Settings
from .skill_auc import SkillAuc
from .skill_history import SkillHistory
from .skill_list import SkillList
from .skill_mastery import SkillMastery
from .skill_prediction import SkillPrediction
from .skill_read import SkillRead
from .spread import Spread
from .spreads import Spreads
from .statement import Statement
from .statements_accepted import StatementsAccepted
from .statistics import Statistics
from .step import Step
from .student_export import StudentExport
from .student_page import StudentPage
from .student_read import StudentRead
from .sweep_create import SweepCreate
from .sweep_create_device import SweepCreateDevice
from .sweep_page import SweepPage
from .sweep_read import SweepRead
from .sweep_read_status import SweepReadStatus
from .sweep_summary import SweepSummary
from .sweep_summary_status import SweepSummaryStatus
from .trajectory_read import TrajectoryRead
from .trial_read import TrialRead
from .trial_read_status import TrialReadStatus
from .verb import Verb

__all__ = (
    "AbilityRead",
    "Account",
    "Activity",
    "Actor",
    "AddDatasetFilesBody",
    "AddDatasetFilesBodyFormat",
    "AddDatasetFormat",
    "Alive",
    "Artifact",
    "ArtifactList",
    "Auc",
    "AucPart",
    "AuditEntryRead",
    "AuditPage",
    "AuditRead",
    "AuditReadStatus",
    "BadRowProblem",
    "BestEpoch",
    "Calibration",
    "Categorical",
    "CohortMasteryRead",
    "CohortPage",
    "CohortRead",
    "CohortSkill",
    "ColdStart",
    "CommonSetting",
    "ComparedCriterion",
    "ComparedExperiment",
    "ComparedExperimentKind",
    "ComparedMetric",
    "ComparedMetricForm",
    "ComparedMetricGoal",
    "ComparedScale",
    "ComparedSetting",
    "ComparedValue",
    "ComparedValueVerdictType0",
    "CompareExperimentsFormat",
    "ComparisonCurve",
    "ComparisonCurveGoal",
    "ComparisonFinding",
    "ComparisonFindingSeverity",
    "ComparisonRead",
    "ComparisonSection",
    "Config",
    "Context",
    "ContextActivities",
    "Counts",
    "CrossValidationCreate",
    "CrossValidationCreateDevice",
    "CrossValidationPage",
    "CrossValidationRead",
    "CrossValidationReadStatus",
    "CrossValidationSummary",
    "CrossValidationSummaryStatus",
    "DatasetPage",
    "DatasetRead",
    "Distributions",
    "Environment",
    "EpochList",
    "EpochRead",
    "ErasureCreate",
    "ErasurePage",
    "ErasureRead",
    "ErasureReadOrigin",
    "ErasureReadStatus",
    "EvaluateExperimentFilesBody",
    "EvaluateExperimentFilesBodyFormat",
    "EvaluateExperimentFilesBodyProtocol",
    "EvaluateExperimentFormat",
    "EvaluateExperimentProtocol",
    "EvaluationRead",
    "EvaluationReadProtocol",
    "ExperimentCreate",
    "ExperimentCreateDevice",
    "ExperimentPage",
    "ExperimentRead",
    "ExperimentReadStatus",
    "ExperimentSummary",
    "ExperimentSummaryStatus",
    "ExportedAnswer",
    "ExportedInteraction",
    "ExportedPrediction",
    "ExportedPredictions",
    "ExportedSequence",
    "ExportedSkill",
    "ExportedState",
    "FieldProblem",
    "FindingEvidence",
    "FindingRead",
    "FindingReadStatus",
    "FloatRange",
    "GetParetoFormat",
    "GetParetoX",
    "GetParetoY",
    "GetSweepParetoFormat",
    "GetSweepParetoX",
    "GetSweepParetoY",
    "GridSearch",
    "GridSpace",
    "GroupMastery",
    "Histogram",
    "HistoryAuc",
    "Hypothetical",
    "InteractionCreate",
    "InteractionLine",
    "InteractionsAccepted",
    "InteractionsLoaded",
    "InteractionsLoadedScoring",
    "IntRange",
    "ItemStatus",
    "ItemStatusStatus",
    "JudgedValue",
    "LeftOut",
    "Level",
    "Links",
    "ListExperimentsStatus",
    "ListModelsStatus",
    "ListSweepsStatus",
    "LoadInteractionsScoring",
    "MasteryHistoryRead",
    "MasteryRead",
    "Members",
    "Metrics",
    "ModelPage",
    "ModelRead",
    "ModelReadStatus",
    "ModelReference",
    "Object",
    "Objective",
    "ObjectiveDirectionType0",
    "OptunaSearch",
    "OptunaSearchSampler",
    "OptunaSpace",
    "PackageVersions",
    "ParetoAxis",
    "ParetoAxisDirection",
    "ParetoPoint",
    "ParetoRead",
    "Part",
    "PartName",
    "PredictionsCreate",
    "PredictionsRead",
    "PresetList",
    "PresetRead",
    "Problem",
    "ProblemKind",
    "Pruner",
    "PrunerName",
    "Ready",
    "Recommendation",
    "RecommendationsRead",
    "RecommendationsReadBy",
    "RecommendSkillsBy",
    "RecordInteractionsMastery",
    "Reliability",
    "ReliabilityBin",
    "ReportRead",
    "ReportReadProtocol",
    "Result",
    "RetentionCreate",
    "RetentionRead",
    "RunError",
    "ScaleComparison",
    "Settings",
    "SkillAuc",
    "SkillHistory",
    "SkillList",
    "SkillMastery",
    "SkillPrediction",
    "SkillRead",
    "Spread",
    "Spreads",
    "Statement",
    "StatementsAccepted",
    "Statistics",
    "Step",
    "StudentExport",
    "StudentPage",
    "StudentRead",
    "SweepCreate",
    "SweepCreateDevice",
    "SweepPage",
    "SweepRead",
    "SweepReadStatus",
    "SweepSummary",
    "SweepSummaryStatus",
    "TrajectoryRead",
    "TrialRead",
    "TrialReadStatus",
    "Verb",
)
